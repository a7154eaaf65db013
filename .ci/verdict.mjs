/**
 * usage: node .ci/verdict.mjs RESULT ALLOWED-SKIPS NPM-STATUS
 *
 * Says what is wrong with a test run, ends with `N passed, N failed, N skipped`, and exits with 1 where anything is wrong.
 */
import { readFileSync } from "node:fs";

const [resultFile, allowedFile, npmStatus] = process.argv.slice(2);
const problems = [];

const text = readFileSync(resultFile, "utf8");
const result = text === "" ? undefined : JSON.parse(text);
if (result === undefined) {
  problems.push(`npm test ended with status ${npmStatus} before mocha had a result`);
} else {
  const { passes, failures, pending, skipped } = result;
  if (passes + failures + pending === 0) problems.push("no test ran");
  if (failures > 0) problems.push(`${failures} failed`);
  if (failures === 0 && npmStatus !== "0") problems.push(`npm test ended with status ${npmStatus}`);
  const allowed = allowedSkips();
  for (const title of skipped) {
    if (!allowed.has(title)) problems.push(`skipped, but not listed in ${allowedFile}: ${title}`);
  }
}

for (const problem of problems) console.log(`ci: ${problem}`);
if (result) console.log(`${result.passes} passed, ${result.failures} failed, ${result.pending} skipped`);
process.exitCode = problems.length === 0 ? 0 : 1;

function allowedSkips() {
  const titles = new Set();
  for (const [index, line] of readFileSync(allowedFile, "utf8").split("\n").entries()) {
    if (line.trim() === "" || line.startsWith("#")) continue;
    const [, title, reason] = /^(.*) # (.*)$/.exec(line) ?? [];
    if (reason?.trim()) titles.add(title.trim());
    else problems.push(`${allowedFile}:${index + 1} gives no reason (title # reason): ${line}`);
  }
  return titles;
}
