import { expect, test } from "vitest";
import type { Message } from "../src/protocol";
import { startTour } from "../src/tours";

test("a tour begins at its first step, or where a link says", () => {
  const sent: Message[] = [];
  const context = { send: (message: Message) => void sent.push(message) };
  startTour(context, "edge");
  startTour(context, "valley", 3);
  expect(sent).toEqual([
    { kind: "tour", tour: "edge", step: 0 },
    { kind: "tour", tour: "valley", step: 3 },
  ]);
});
