import { once } from "node:events";
import { type AddressInfo, createServer, type Server, Socket } from "node:net";
import { expect } from "chai";
import { connectingSocket } from "./libc.js";

describe("connectingSocket", () => {
  let server: Server;
  beforeEach(async () => {
    server = createServer().listen(0, "127.0.0.1");
    await once(server, "listening");
  });
  afterEach(() => server.close());
  const portOf = (listening: Server) => (listening.address() as AddressInfo).port;

  it("comes from the local port that it is given", async () => {
    const free = createServer().listen(0);
    await once(free, "listening");
    const local = portOf(free);
    free.close();
    await once(free, "close");

    const port = portOf(server);
    const client = new Socket({ fd: connectingSocket("127.0.0.1", port, local) });
    const [accepted] = (await once(server, "connection")) as [Socket];
    expect(accepted.remotePort).to.equal(local);
    expect(() => connectingSocket("127.0.0.1", port, local)).to.throw("bind: Address already in use");
    client.destroy();
    accepted.destroy();
  });
});
