declare module "cap" {
  import { EventEmitter } from "node:events";

  class Cap extends EventEmitter {
    open(device: string, filter: string, bufferSize: number, buffer: Buffer): string;
    send(frame: Buffer, length: number): void;
    close(): void;
  }
  const cap: { Cap: typeof Cap };
  export default cap;
}
