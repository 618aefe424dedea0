import { defineConfig } from "vite";
import { slim } from "./slim";

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
  },
});
