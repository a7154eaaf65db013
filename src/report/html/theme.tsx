import { useEffect, useState } from "preact/hooks";

type Theme = "system" | "light" | "dark";

const NEXT: Readonly<Record<Theme, Theme>> = { system: "dark", dark: "light", light: "system" };
const KEY = "hopcheck-theme";

/** Goes from the system's colours to dark ones, to light ones, and back. */
export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>("system");
  useEffect(() => setTheme(remembered()), []);
  useEffect(() => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  }, [theme]);
  const change = () => {
    setTheme(NEXT[theme]);
    remember(NEXT[theme]);
  };
  return (
    <button type="button" class="plain theme scripted" onClick={change}>
      Theme: {theme}
    </button>
  );
}

/** Some browsers give pages from the file system no storage. */
function remembered(): Theme {
  try {
    const known = localStorage.getItem(KEY);
    return known === "light" || known === "dark" ? known : "system";
  } catch {
    return "system";
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(KEY, theme);
  } catch {
    // It is asked again next time.
  }
}
