/** What a deliberate fault must be blamed for: the suite is proven by it, and not it by the suite. */
export interface Blame {
  /** The rule that it breaks. */
  readonly rule: string;
  /** What is done wrong, in one sentence. */
  readonly title: string;
  /** Whom the rule's findings must suspect. */
  readonly suspect: string;
  /** The cause that they must rank first. */
  readonly cause: string;
  /** Other rules that fall with it, each with the reason why that cannot be otherwise. */
  readonly also?: Readonly<Record<string, string>>;
  /** The cases that must catch it, by their files below `cases/`; left out: all that promise to exercise the rule. */
  readonly cases?: readonly string[];
}
