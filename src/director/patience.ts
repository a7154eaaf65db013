import type { Host } from "../forwarding/setup.js";
import { isIp6 } from "../packet/address.js";
import type { Wait } from "./reference/neighbours.js";

/** As kernels have them (`arp_tbl`, `nd_tbl`). */
const RETRANSMISSION_MS = 1000;
const SOLICITATIONS = 3;

/**
 * The clock of a director that has none: a neighbour that does not answer is asked again, and given up, when a kernel
 * with the host's settings would do it (`neigh_timer_handler`).
 */
export function patienceOf({ options: { sysctl } }: Host): (wait: Wait) => void {
  const setting = ({ nic, ip }: Wait, name: string, byDefault: number) => {
    const family = isIp6(ip) ? "ipv6" : "ipv4";
    const [own, general] = [nic.name, "default"].map((device) => sysctl[`net.${family}.neigh.${device}.${name}`]);
    return Number(own ?? general ?? byDefault);
  };
  return (wait) => {
    let asked = 1;
    const timer = setInterval(
      () => {
        const isLast = asked >= setting(wait, "mcast_solicit", SOLICITATIONS);
        if (isLast) wait.giveUp();
        if (isLast || !wait.askAgain()) clearInterval(timer);
        asked += 1;
      },
      setting(wait, "retrans_time_ms", RETRANSMISSION_MS),
    );
    timer.unref();
  };
}
