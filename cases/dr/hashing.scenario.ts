import { scenario } from "hopcheck";

/** Last bytes of the addresses of so many clients behind the router. */
function clients(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 101 + index);
}

function from(client: number) {
  return { "ip.src": `172.16.0.${client}` };
}

scenario(
  {
    title: "Source hashing sends a client to one real server, whatever its ports",
    setup: "schedulers",
    covers: ["GEN-SCH-06"],
  },
  async (lab) => {
    for (const pass of ["first", "second"])
      for (const client of clients(12))
        await lab.step({ send: { flow: `${pass}-${client}`, to: 8003, ...from(client) } });
  },
);

scenario(
  {
    title: "Maglev hashing moves the clients of the removed real server and no others",
    setup: "schedulers",
    covers: ["GEN-SCH-07"],
  },
  async (lab) => {
    for (const client of clients(24)) await lab.step({ send: { flow: `before-${client}`, to: 8004, ...from(client) } });
    await lab.step({ remove: { server: "rs2" } });
    for (const client of clients(24)) await lab.step({ send: { flow: `after-${client}`, to: 8004, ...from(client) } });
  },
);

scenario(
  {
    title: "Persistence keeps a client, its subnet and all ports of a mark at one real server",
    setup: "schedulers",
    covers: ["GEN-SCH-08"],
  },
  async (lab) => {
    const send = (flow: string, to: number, client: number) => lab.step({ send: { flow, to, ...from(client) } });
    for (const round of [1, 2, 3])
      for (const client of clients(3)) await send(`address-${client}-${round}`, 8005, client);
    // 104 to 111 share a /29, 112 is in the next one.
    for (const client of [104, 105, 107, 111, 112, 113]) await send(`subnet-${client}`, 8006, client);
    for (const client of clients(3)) {
      await send(`one-port-${client}`, 8010, client);
      await send(`other-port-${client}`, 8011, client);
    }
  },
);
