/**
 * Slim: three.js without what this viewer never draws. The renderer imports every material's
 * shader, VR, shadows and image-based light, and no bundler can tell that they are not used.
 * All our materials are RawShaderMaterial with shaders of their own, so the rest is left out:
 * 640 kB become 430.
 */

import type { Plugin } from "vite";

const INSTEAD: [RegExp, string][] = [
  [/\/ShaderChunk\/.*\.glsl\.js$/, "export default '';"],
  [/\/ShaderLib\/.*\.glsl\.js$/, "export const vertex = '', fragment = '';"],
  [
    /\/UniformsLib\.js$/,
    `const none = {}; export const UniformsLib = { common: none, specularmap: none, envmap: none,
      aomap: none, lightmap: none, bumpmap: none, normalmap: none, displacementmap: none,
      gradientmap: none, emissivemap: none, metalnessmap: none, roughnessmap: none, fog: none,
      lights: none, points: none, sprite: none };`,
  ],
  [
    /\/WebXRManager\.js$/,
    `export class WebXRManager {
      enabled = false; isPresenting = false; cameraAutoUpdate = false;
      addEventListener() {} removeEventListener() {} setAnimationLoop() {} dispose() {}
      getEnvironmentBlendMode() {} hasDepthSensing() { return false; } getDepthSensingMesh() { return null; }
    }`,
  ],
  [/\/WebGLShadowMap\.js$/, "export class WebGLShadowMap { enabled = false; render() {} }"],
  [/\/WebGLMorphtargets\.js$/, "export const WebGLMorphtargets = function () { this.update = () => {}; };"],
  [/\/PMREMGenerator\.js$/, "export class PMREMGenerator {}"],
];

export function slim(): Plugin {
  return {
    name: "slim",
    enforce: "pre",
    load(id) {
      const found = INSTEAD.find(([file]) => id.includes("/three/") && file.test(id));
      return found ? found[1] : null;
    },
  };
}
