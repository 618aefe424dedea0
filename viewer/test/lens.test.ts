import { PerspectiveCamera, Vector3 } from "three";
import { expect, test } from "vitest";
import { FLOOR, TALL } from "../src/ground";
import { lensOf } from "../src/lens";
import { stand } from "../src/orbit";
import { begin } from "../src/state";

test.each([[720, 580, 30, 0.5, 0.5], [606, 420, 30, 0.5, 0.25], [366, 280, 46, 0.5, 0.5], [1200, 300, 30, 0.1, 0.5], [300, 900, 46, 0.5, 0.5]])(
  "from home the block fills a picture of %i x %i, below %i, and none of it is cut: half %f x %f",
  (width, height, top, wide, deep) => {
    const { fov, shift } = lensOf(width, height, top, [wide, deep]);
    const camera = new PerspectiveCamera(fov, width / height, 0.02, 20);
    const { eye, target } = stand(begin().camera);
    camera.position.set(...eye);
    camera.lookAt(...target);
    camera.setViewOffset(width, height, 0, -shift, width, height);
    camera.updateMatrixWorld();
    const places = [-wide, wide].flatMap((x) => [-deep, deep].flatMap((z) => [FLOOR, TALL].map((y) => new Vector3(x, y, z).project(camera))));
    const down = places.map(({ y }) => ((1 - y) / 2) * height);
    const right = places.map(({ x }) => ((1 + x) / 2) * width);
    expect(Math.min(...down)).toBeGreaterThanOrEqual(top - 1e-9);
    expect(Math.max(...down)).toBeLessThan(height);
    expect(Math.min(...right)).toBeGreaterThan(20);
    expect(Math.max(...right)).toBeLessThan(width - 20);
    const tall = (Math.max(...down) - Math.min(...down)) / (height - top);
    const broad = (Math.max(...right) - Math.min(...right)) / width;
    expect(Math.max(tall, broad)).toBeGreaterThan(0.65);
  },
);
