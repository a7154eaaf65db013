import { count, VERDICT_WORDS } from "../format.js";
import type { Verdict } from "../result.js";
import { tallyScenarios } from "../tally.js";
import { Sign } from "./badge.js";
import type { PageData } from "./data.js";
import { type Filter, NO_FILTER } from "./route.js";

interface FiltersProps {
  readonly data: PageData;
  readonly filter: Filter;
  /** Scenarios that it leaves. */
  readonly shown: number;
  readonly onFilter: (filter: Filter) => void;
}

const VERDICTS: readonly Verdict[] = ["fail", "inconclusive", "not-supported", "pass"];
const MODELS = ["nat", "dr", "tun", "mixed"];

/** What narrows the list of scenarios; the address has it as well. */
export function Filters({ data, filter, shown, onFilter }: FiltersProps) {
  const tally = tallyScenarios(data.scenarios);
  const models = MODELS.filter((model) =>
    data.scenarios.some(({ models }) => models.declared === model || models.observed === model),
  );
  const isFiltered =
    filter.status.length > 0 || [filter.model, filter.rule, filter.text].some((part) => part !== undefined);
  const { model: _model, ...anyModel } = filter;
  const { rule: _rule, ...anyRule } = filter;
  const { text: _text, ...anyText } = filter;
  const toggled = (verdict: Verdict) =>
    filter.status.includes(verdict) ? filter.status.filter((one) => one !== verdict) : [...filter.status, verdict];
  return (
    <search class="filters scripted">
      <input
        type="search"
        id="filter"
        placeholder="Filter by title, file or rule"
        aria-label="Filter by title, file or rule"
        aria-keyshortcuts="/"
        value={filter.text ?? ""}
        onInput={({ currentTarget: { value } }) => onFilter(value === "" ? anyText : { ...filter, text: value })}
      />
      <fieldset class="chips">
        <legend class="hidden">Verdict</legend>
        {VERDICTS.filter((verdict) => tally[verdict] > 0).map((verdict) => (
          <button
            key={verdict}
            type="button"
            class={`chip ${verdict}`}
            aria-pressed={filter.status.includes(verdict)}
            onClick={() => onFilter({ ...filter, status: toggled(verdict) })}
          >
            <Sign status={verdict} /> {VERDICT_WORDS[verdict]} <span class="number">{tally[verdict]}</span>
          </button>
        ))}
      </fieldset>
      {models.length > 1 && (
        <Choice
          name="Model"
          value={filter.model}
          options={models.map((model) => [model, model === "mixed" ? model : model.toUpperCase()])}
          onChoose={(model) => onFilter(model === undefined ? anyModel : { ...filter, model })}
        />
      )}
      <Choice
        name="Rule"
        value={filter.rule}
        options={data.rules.map(({ id }) => [id, id])}
        onChoose={(rule) => onFilter(rule === undefined ? anyRule : { ...filter, rule })}
      />
      <p class="quiet" role="status">
        {isFiltered
          ? `${shown} of ${count(data.scenarios.length, "scenario")}`
          : count(data.scenarios.length, "scenario")}
      </p>
      {isFiltered && (
        <button type="button" class="plain" onClick={() => onFilter(NO_FILTER)}>
          Show all
        </button>
      )}
    </search>
  );
}

interface ChoiceProps {
  readonly name: string;
  readonly value: string | undefined;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly onChoose: (value: string | undefined) => void;
}

function Choice({ name, value = "", options, onChoose }: ChoiceProps) {
  return (
    <label class="choice">
      <span class="hidden">{name}</span>
      <select value={value} onChange={({ currentTarget: { value } }) => onChoose(value === "" ? undefined : value)}>
        <option value="">Any {name.toLowerCase()}</option>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
