import { defineConfig } from "vite";
import { slim } from "./slim.ts";

const BANNER = `/*! Thalweg's viewer, MIT license. It contains three.js (MIT, three.js authors) and uPlot (MIT,
 * Leon Sorokin); their license texts are in LICENSES.txt beside this file. Made by "make viewer". */
`;

export default defineConfig({
  plugins: [slim()],
  resolve: { alias: [{ find: /^three$/, replacement: "three/src/Three.js" }] },
  build: {
    lib: { entry: "src/main.ts", formats: ["es"], fileName: () => "viewer.js" },
    outDir: "../src/thalweg/viewer/static",
    emptyOutDir: false,
    target: "es2022",
    minify: true,
    reportCompressedSize: false,
    rolldownOptions: { output: { minify: true, postBanner: BANNER } },
  },
});
