// The page's colours for charts, which read neither custom properties nor what newer style sheets may write.
const TONES = ["green", "blue", "amber", "orange", "red", "grey"];

export interface Colours {
  tones: Record<string, string>;
  series: string[];
  text: string;
  muted: string;
  line: string;
  surface: string;
  good: string;
  bad: string;
}

/** A custom property's colour as three numbers: what style sheets may write is more than charts can read. */
function readColour(element: HTMLElement, property: string): string {
  const probe = element.appendChild(document.createElement("i"));
  probe.style.color = `var(${property})`;
  const pen = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  if (!pen) return "#888";
  pen.fillStyle = getComputedStyle(probe).color;
  probe.remove();
  pen.fillRect(0, 0, 1, 1);
  const [red, green, blue, alpha] = pen.getImageData(0, 0, 1, 1).data;
  return `rgba(${red},${green},${blue},${((alpha ?? 255) / 255).toFixed(3)})`;
}

/** Those that are in force where the element stands. */
export function coloursOf(element: HTMLElement): Colours {
  const read = (name: string): string => readColour(element, `--${name}`);
  return {
    tones: Object.fromEntries(TONES.map((tone) => [tone, read(`fill-${tone}`)])),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((number) => read(`chart-${number}`)),
    text: read("tblr-body-color"),
    muted: read("tblr-secondary"),
    line: read("tblr-border-color"),
    surface: read("tblr-bg-surface"),
    good: read("tone-green"),
    bad: read("tone-red"),
  };
}
