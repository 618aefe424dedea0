import { expect, test } from "vitest";
import { line, sentence } from "../src/notices";

test("a fault is one sentence", () => {
  expect(line({ wanted: "at least 1 optimizer", got: "none", mend: "choose one first", about: "drop" })).toBe(
    "At least 1 optimizer, got none; choose one first.",
  );
  expect(line({ wanted: "a number", got: "x.", mend: "", about: "" })).toBe("A number, got x.");
});
test("whoever wrote the words, they fit a line and do not turn it around", () => {
  const said = line({ wanted: "key=value", got: `\u202e<b>\n\u2066${"x".repeat(1e5)}`, mend: "mend it", about: "link" });
  expect(said.length).toBeLessThan(300);
  expect(said).not.toMatch(/[\u202e\u2066\n]/);
  expect(said).toMatch(/…; mend it\.$/);
});
test("work under way", () => expect([sentence("surface", null), sentence("surface", 0.256)]).toEqual(["surface…", "surface, 26 %"]));
