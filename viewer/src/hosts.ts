/**
 * Hosts: where frames come from. Each is a `Model` in anywidget's form, so that the viewer
 * does not know whether it lives in a page, in a saved file or in a notebook.
 */

import { decode } from "./frames";
import type { Frame, Message } from "./protocol";

/** The part of anywidget's model that the viewer uses. */
export interface Model {
  on(event: "msg:custom", listener: (content: unknown, buffers: DataView[]) => void): void;
  off?(event: "msg:custom", listener: (content: unknown, buffers: DataView[]) => void): void;
  send(content: unknown): void;
}

export type Connection = "open" | "lost" | "file";

/** What the viewer needs of a host. */
export interface Host {
  send(message: Message): void;
  listen(frame: (frame: Frame) => void, connection: (state: Connection) => void): void;
  close(): void;
}

/** A notebook or marimo: frames arrive as buffers of anywidget's custom messages. */
export function widgetHost(model: Model): Host {
  let stop = () => {};
  return {
    send: (message) => model.send(message),
    listen(frame, connection) {
      const heard = (_: unknown, buffers: DataView[]) => {
        for (const buffer of buffers ?? []) frame(frameOf(own(buffer)));
      };
      model.on("msg:custom", heard);
      stop = () => model.off?.("msg:custom", heard);
      connection("open");
    },
    close: () => stop(),
  };
}

/** A saved file: it holds the frames themselves, and answers nothing else. */
export function fileHost(frames: readonly ArrayBuffer[]): Host {
  return {
    send: () => undefined,
    listen(frame, connection) {
      connection("file");
      for (const bytes of frames) frame(frameOf(bytes));
    },
    close: () => undefined,
  };
}

const RETRY = [500, 1000, 2000, 4000]; // milliseconds between tries, the last one again and again

/**
 * The live page: one websocket, opened again when it breaks. What is said while it is broken is
 * not kept: the page opens with its whole state again.
 */
export function socketHost(address: string): Host {
  let socket: WebSocket | null = null;
  let tries = 0;
  let timer = 0;
  const leave = () => socket?.close();
  return {
    send(message) {
      if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(message));
    },
    listen(frame, connection) {
      const open = () => {
        socket = new WebSocket(address);
        socket.binaryType = "arraybuffer";
        socket.onopen = () => {
          tries = 0;
          connection("open");
        };
        socket.onmessage = (event: MessageEvent<unknown>) => frame(frameOf(event.data));
        socket.onclose = () => {
          connection("lost");
          timer = setTimeout(open, RETRY[Math.min(tries++, RETRY.length - 1)]) as unknown as number;
        };
      };
      window.addEventListener("pagehide", leave); // frees the visitor's runs at once
      open();
    },
    close() {
      window.removeEventListener("pagehide", leave);
      clearTimeout(timer);
      if (socket) socket.onclose = null;
      leave();
    },
  };
}

/** The frame in what a host sent; a fault in words where there is none. */
export function frameOf(data: unknown): Frame {
  try {
    return decode(data as ArrayBuffer);
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    const mend = "the rest is shown; if it comes again, viewer and server are of different versions";
    return { kind: "fault", head: { wanted: "a frame from the host", got, mend, about: "frame" }, arrays: {} };
  }
}

/** A buffer of its own that starts at a multiple of 4, as typed arrays need. */
function own(view: DataView): ArrayBuffer {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer;
}
