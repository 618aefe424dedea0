import { expect, test } from "vitest";

import { Few } from "../src/lazy";

function told(most: number): { few: Few<string>; said: string[] } {
  const said: string[] = [];
  const few = new Few<string>(most, (item) => {
    said.push(`+${item}`);
    return () => said.push(`-${item}`);
  });
  return { few, said };
}

test("a figure begins once, however often it comes into view", () => {
  const { few, said } = told(2);
  few.come("a");
  few.go("a");
  few.come("a");
  expect(said).toEqual(["+a"]);
});

test("the one that was in view longest ago makes room", () => {
  const { few, said } = told(2);
  for (const item of ["a", "b"]) {
    few.come(item);
    few.go(item);
  }
  few.come("a");
  few.go("a");
  few.come("c");
  expect(said).toEqual(["+a", "+b", "+c", "-b"]);
});

test("what is in view is never taken away", () => {
  const { few, said } = told(1);
  few.come("a");
  few.come("b");
  expect(said).toEqual(["+a", "+b"]);
  few.go("a");
  expect(said).toEqual(["+a", "+b", "-a"]);
});

test("one that made room begins anew", () => {
  const { few, said } = told(1);
  few.come("a");
  few.go("a");
  few.come("b");
  few.go("b");
  few.come("a");
  expect(said).toEqual(["+a", "+b", "-a", "+a", "-b"]);
});
