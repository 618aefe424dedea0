/** Exports: what is seen, as a file. */

import type { Frame, Heads } from "./protocol";

/** Hand a file that the host made to the visitor. */
export function deliver(frame: Frame): void {
  const { name, mime } = frame.head as Heads["file"];
  save(new Blob([(frame.arrays.bytes ?? new Uint8Array()) as BlobPart], { type: mime }), name);
}

export function save(blob: Blob, name: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
