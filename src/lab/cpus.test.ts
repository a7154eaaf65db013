import { expect } from "chai";
import { allowedCpus } from "./cpus.js";

describe("allowedCpus", () => {
  const of = (list: string) =>
    allowedCpus(`Name:\tnode\nCpus_allowed:\tff\nCpus_allowed_list:\t${list}\nMems_allowed:\t1\n`);

  it("reads numbers, ranges and lists of both", () => {
    expect(of("3")).to.deep.equal([3]);
    expect(of("0-3")).to.deep.equal([0, 1, 2, 3]);
    expect(of("1,4-6,10")).to.deep.equal([1, 4, 5, 6, 10]);
  });

  it("takes the first CPU where the kernel says nothing", () => {
    expect(allowedCpus("Name:\tnode\n")).to.deep.equal([0]);
  });

  it("finds the CPUs of this process", () => {
    expect(allowedCpus()).to.have.length.greaterThan(0);
  });
});
