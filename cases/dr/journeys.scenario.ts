import { expect, scenario } from "hopcheck";

scenario({ title: "Three flows, three real servers", setup: "dr", covers: ["DR-REQ-02"] }, async (lab) => {
  const names: string[] = ["a", "b", "c"];
  for (const flow of names) await lab.step({ send: { flow, "tcp.flags": "S" } });
  const { journeys } = lab.evidence();
  const requests = journeys.filter(({ sightings }) => sightings[0]?.packet.tcp?.flagsText === "S");
  expect(requests).to.have.lengthOf(3);
  for (const journey of requests) expect(journey).to.obey("DR-REQ-02");
});
