// Charts: each figure holds its numbers as JSON; this draws them on a canvas and offers them as PNG and SVG.
import { download, pictureName } from "./download";
import { chartOptions, type ChartData } from "./options";
import { echarts, type Chart } from "./echarts";

interface Drawn {
  canvas: HTMLElement;
  data: ChartData;
  chart: Chart;
}

/** Draws every chart of the page; again when the colours change. */
export function drawCharts(): void {
  const drawn = [...document.querySelectorAll<HTMLElement>("[data-chart]")].map(draw).filter((one) => one !== undefined);
  addEventListener("themechange", () => {
    for (const { canvas, chart, data } of drawn) chart.setOption(chartOptions(data, canvas), true);
  });
}

function draw(figure: HTMLElement): Drawn | undefined {
  const canvas = figure.querySelector<HTMLElement>("[data-canvas]");
  const block = figure.querySelector("script[type='application/json']");
  if (!canvas || !block) return undefined;
  const data = JSON.parse(block.textContent ?? "") as ChartData;
  const chart = echarts.init(canvas, null, { renderer: "canvas" });
  chart.setOption(chartOptions(data, canvas));
  new ResizeObserver(() => chart.resize()).observe(canvas);
  for (const button of figure.querySelectorAll<HTMLButtonElement>("[data-picture]")) {
    button.hidden = false;
    button.addEventListener("click", () => savePicture({ canvas, data, chart }, figure, button.dataset.picture ?? "png"));
  }
  return { canvas, data, chart };
}

function savePicture({ canvas, data, chart }: Drawn, figure: HTMLElement, kind: string): void {
  const name = pictureName(figure.dataset.chart ?? "chart", kind);
  const backgroundColor = getComputedStyle(figure).backgroundColor;
  if (kind === "png") {
    download(name, chart.getDataURL({ type: "png", pixelRatio: 2, backgroundColor }));
    return;
  }
  const drawing = echarts.init(null, null, { renderer: "svg", ssr: true, width: chart.getWidth(), height: chart.getHeight() });
  drawing.setOption({ ...chartOptions(data, canvas), backgroundColor, animation: false });
  download(name, URL.createObjectURL(new Blob([drawing.renderToSVGString()], { type: "image/svg+xml" })));
  drawing.dispose();
}
