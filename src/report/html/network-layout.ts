/** Where hosts, NICs and segments stand in the picture of a network; pixels, from the top left. */

import type { HostResult, NicResult } from "../result.js";
import { type Branch, forestOf, segmentOf, type Tree } from "./network-tree.js";

export interface Drawing {
  readonly width: number;
  readonly height: number;
  readonly hosts: readonly DrawnHost[];
  readonly segments: readonly DrawnSegment[];
  /** By tap. */
  readonly nics: ReadonlyMap<string, DrawnNic>;
}

export interface DrawnHost {
  readonly host: HostResult;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export interface DrawnSegment {
  readonly name: string;
  readonly y: number;
  readonly from: number;
  readonly to: number;
}

/** A NIC's wire, from its host's edge to its segment. */
export interface DrawnNic {
  readonly nic: NicResult;
  readonly x: number;
  readonly hostY: number;
  readonly segmentY: number;
}

export const HOST_HEIGHT = 52;
/** A host's box, for each NIC that it has on one of its sides: its addresses have room beside the wire. */
const NIC_WIDTH = 176;
/** Where a wire leaves, from the left of what its NIC has. */
const WIRE_X = 34;
const GAP = 20;
/** From a host's edge to a segment: two lines of text have room beside the wire. */
const WIRE = 60;
const MARGIN = 12;
/** Segments of one depth lie a little below each other, for a host may be on both. */
const STAGGER = 10;

/** Segments lie below each other by how many routers or directors they are away from the clients, who stand on top. */
export function layOut(hosts: readonly HostResult[]): Drawing {
  const drawn = new Map<HostResult, DrawnHost>();
  const segmentY = new Map<string, number>();
  const siblings = new Map<number, number>();
  let width = 0;

  const place = ({ name, depth, above, below }: Tree, left: number): void => {
    const sibling = siblings.get(depth) ?? 0;
    siblings.set(depth, sibling + 1);
    const y = MARGIN + HOST_HEIGHT + WIRE + depth * (HOST_HEIGHT + 2 * WIRE);
    segmentY.set(name, y + sibling * STAGGER);
    row(above, left + centred(above, treeWidth({ above, below })), y - WIRE - HOST_HEIGHT);
    row(below, left + centred(below, treeWidth({ above, below })), y + WIRE);
  };
  const row = (branches: readonly Branch[], left: number, y: number): void => {
    let x = left;
    for (const branch of branches) {
      const own = hostWidth(branch);
      const whole = branchWidth(branch);
      drawn.set(branch.host, { host: branch.host, x: x + (whole - own) / 2, y, width: own });
      let childX = x + (whole - childrenWidth(branch)) / 2;
      for (const child of branch.children) {
        place(child, childX);
        childX += treeWidth(child) + GAP;
      }
      x += whole + GAP;
    }
    width = Math.max(width, x - GAP + MARGIN);
  };
  for (const tree of forestOf(hosts)) place(tree, MARGIN);

  const nics = new Map([...drawn.values()].flatMap((one) => wires(one, segmentY)));
  const segments = [...segmentY].map(([name, y]): DrawnSegment => {
    const ends = [...nics.values()].filter((nic) => nic.segmentY === y).map(({ x }) => x);
    return { name, y, from: Math.min(...ends) - 16, to: Math.max(...ends) + 16 };
  });
  const lowest = Math.max(...[...drawn.values()].map(({ y }) => y + HOST_HEIGHT), ...segmentY.values(), 0);
  return { width, height: lowest + MARGIN, hosts: [...drawn.values()], segments, nics };
}

function hostWidth({ host, children }: Branch): number {
  return NIC_WIDTH * Math.max(children.length, host.nics.length - children.length, 1);
}

function branchWidth(branch: Branch): number {
  return Math.max(hostWidth(branch), childrenWidth(branch));
}

function childrenWidth({ children }: Branch): number {
  return sum(children.map(treeWidth));
}

function treeWidth({ above, below }: Pick<Tree, "above" | "below">): number {
  return Math.max(sum(above.map(branchWidth)), sum(below.map(branchWidth)));
}

function centred(branches: readonly Branch[], width: number): number {
  return (width - sum(branches.map(branchWidth))) / 2;
}

/** Of things that stand beside each other. */
function sum(widths: readonly number[]): number {
  return widths.reduce((all, width) => all + width + GAP, 0) - (widths.length > 0 ? GAP : 0);
}

/** The NICs of a host share the edge that looks at their segment. */
function wires({ host, x, y, width }: DrawnHost, segmentY: ReadonlyMap<string, number>): [string, DrawnNic][] {
  const yOf = (nic: NicResult) => segmentY.get(segmentOf(nic)) ?? y;
  const up = host.nics.filter((nic) => yOf(nic) < y);
  const down = host.nics.filter((nic) => yOf(nic) >= y);
  return [up, down].flatMap((side) =>
    side.map((nic, index): [string, DrawnNic] => {
      const wireX = x + (index * width) / side.length + WIRE_X;
      return [nic.tap, { nic, x: wireX, hostY: side === up ? y : y + HOST_HEIGHT, segmentY: yOf(nic) }];
    }),
  );
}
