import type { Level, Profile, Status } from "../../forwarding/rule.js";
import { count, STATUS_WORDS } from "../format.js";
import { STATUSES } from "../tally.js";
import { Sign } from "./badge.js";
import type { PageRule } from "./data.js";
import { href } from "./route.js";

const LEVELS: readonly Level[] = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"];
const PROFILES: readonly Profile[] = ["core", "extended"];

/** How many rules ended how, by profile and level: each once, with the worst that any scenario found. */
export function Counts({ rules }: { readonly rules: readonly PageRule[] }) {
  if (rules.length === 0) return null;
  const rows = PROFILES.flatMap((profile) =>
    LEVELS.map((level) => ({
      profile,
      level,
      rules: rules.filter((rule) => rule.profile === profile && rule.level === level),
    })),
  ).filter((row) => row.rules.length > 0);
  return (
    <section class="counts" aria-labelledby="counts">
      <h2 id="counts">
        <a href={href({ view: "rules" })}>{count(rules.length, "rule")}</a>
      </h2>
      <div class="scroll">
        <table>
          <thead>
            <tr>
              <th scope="col">Profile</th>
              <th scope="col">Level</th>
              {STATUSES.map((status) => (
                <th key={status} scope="col" class="number">
                  <Sign status={status} /> {STATUS_WORDS[status].word}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {rows.map(({ profile, level, rules }) => (
              <tr key={`${profile} ${level}`}>
                <td>{profile}</td>
                <th scope="row">{level}</th>
                <Cells rules={rules} />
              </tr>
            ))}
          </tbody>
          <tfoot>
            <tr>
              <th scope="row" colSpan={2}>
                All
              </th>
              <Cells rules={rules} />
            </tr>
          </tfoot>
        </table>
      </div>
    </section>
  );
}

function Cells({ rules }: { readonly rules: readonly PageRule[] }) {
  const those = (status: Status) => rules.filter((rule) => rule.status === status).length;
  return (
    <>
      {STATUSES.map((status) => (
        <td key={status} class={`number ${those(status) === 0 ? "none" : status}`}>
          {those(status)}
        </td>
      ))}
    </>
  );
}
