// From a chart's numbers to what ECharts draws, in the page's colours and the reader's language.
import type { EChartsCoreOption } from "echarts/core";
import { coloursOf, type Colours } from "./colours";
import { formatCompact, formatLabel, isCalendar, formatMoney, formatNumber, formatPercent, formatSize } from "./formats";

export interface ChartData {
  kind: "line" | "bar" | "stacked" | "donut" | "waterfall";
  labels: string[];
  series: { name: string; values: (number | null)[]; unit: string }[];
  tones: string[];
  zoom: boolean;
  unit: string;
}

const NARROW = 80; // pixels a bar, below which the names under the bars do not fit side by side
const SHOWN_AT_FIRST = 90; // days of a chart that can be zoomed

/** A value with its unit: bytes, %, a currency's three letters (minor units), or any word. */
function withUnit(value: number, unit: string, compact: boolean): string {
  if (unit === "bytes") return formatSize(value);
  if (unit === "%") return formatPercent(value);
  if (/^[A-Z]{3}$/.test(unit)) return formatMoney(value, unit, compact);
  if (compact) return formatCompact(value);
  return unit ? `${formatNumber(value)} ${unit}` : formatNumber(value);
}

/** Seconds as minutes, so that the axis has round numbers of what it shows. */
function inShownUnits(data: ChartData): ChartData {
  const shown = (unit: string): string => (unit === "seconds" ? "min" : unit);
  const series = data.series.map((one) => ({
    ...one,
    unit: shown(one.unit),
    values: one.unit === "seconds" ? one.values.map((value) => value && Math.floor(value / 60)) : one.values,
  }));
  return { ...data, series, unit: shown(data.unit) };
}

export function chartOptions(given: ChartData, element: HTMLElement): EChartsCoreOption {
  const data = inShownUnits(given);
  const colours = coloursOf(element);
  const common = {
    color: colours.series,
    textStyle: { fontFamily: getComputedStyle(element).fontFamily, color: colours.text },
    animation: !matchMedia("(prefers-reduced-motion: reduce)").matches,
    animationDuration: 300,
  };
  return { ...common, ...(data.kind === "donut" ? donut(data, colours) : axes(data, colours, element.clientWidth / data.labels.length < NARROW)) };
}

function tooltip(colours: Colours): object {
  return {
    confine: true,
    renderMode: "richText", // the other mode writes style attributes, which the pages' policy refuses
    backgroundColor: colours.surface,
    borderColor: colours.line,
    textStyle: { color: colours.text, fontSize: 12 },
  };
}

function legend(colours: Colours): object {
  return { top: 0, left: 0, icon: "roundRect", itemWidth: 10, itemHeight: 10, textStyle: { color: colours.muted } };
}

function axes(data: ChartData, colours: Colours, narrow: boolean): object {
  const many = data.series.length > 1;
  const unit = data.unit || (data.series[0]?.unit ?? "");
  const lying = data.kind === "bar" && !data.labels.some(isCalendar); // names are read best beside their bars
  const category = {
    type: "category",
    data: data.labels.map(formatLabel),
    inverse: lying,
    axisLine: { lineStyle: { color: colours.line } },
    axisTick: { show: false },
    axisLabel: {
      color: colours.muted,
      ...(lying ? { interval: 0, width: 150, overflow: "truncate" } : { hideOverlap: true }),
      ...(data.kind === "waterfall" ? { interval: 0, hideOverlap: false, rotate: narrow ? 40 : 0 } : {}),
    },
  };
  const measure = {
    type: "value",
    splitNumber: 4,
    minInterval: unit === "" ? 1 : 0,
    splitLine: { lineStyle: { color: colours.line } },
    axisLabel: { color: colours.muted, hideOverlap: true, formatter: (value: number) => withUnit(value, unit, true) },
  };
  return {
    ...(data.kind === "stacked" ? { color: [colours.series[0], colours.series[7], ...colours.series.slice(1, 7)] } : {}),
    tooltip: {
      ...tooltip(colours),
      trigger: "axis",
      axisPointer: { type: data.kind === "line" ? "line" : "shadow" },
      valueFormatter: (value: unknown) => (typeof value === "number" ? withUnit(value, unit, false) : "–"),
      ...(data.kind === "waterfall" ? { formatter: (points: Point[]) => stepText(data, points) } : {}),
    },
    legend: many ? legend(colours) : { show: false },
    grid: { left: 4, right: 16, top: many ? 36 : 12, bottom: data.zoom ? 52 : 4, containLabel: true },
    xAxis: lying ? measure : category,
    yAxis: lying ? category : measure,
    ...(data.zoom ? { dataZoom: zoom(data, colours) } : {}),
    series: data.kind === "waterfall" ? waterfall(data, colours) : data.series.map((one) => plainSeries(one, data, lying)),
  };
}

function plainSeries(one: ChartData["series"][number], { kind, series }: ChartData, lying: boolean): object {
  const alone = series.length === 1;
  if (kind === "line") {
    return { type: "line", name: one.name, data: one.values, showSymbol: false, areaStyle: { opacity: alone ? 0.1 : 0 } };
  }
  return {
    type: "bar",
    name: one.name,
    data: one.values,
    barMaxWidth: 32,
    itemStyle: { borderRadius: kind === "stacked" ? 0 : lying ? [0, 3, 3, 0] : [3, 3, 0, 0] },
    ...(kind === "stacked" ? { stack: "all" } : {}),
  };
}

interface Point {
  dataIndex: number;
}

/** What one bar of a waterfall stands for: its own value, not how high it floats. */
function stepText(data: ChartData, points: Point[]): string {
  const index = points[0]?.dataIndex ?? 0;
  return `${data.labels[index]}: ${withUnit(data.series[0]?.values[index] ?? 0, data.unit, false)}`;
}

/** The first and the last value are levels, those between are what leads from the one to the other. */
function waterfall(data: ChartData, colours: Colours): object[] {
  const values = (data.series[0]?.values ?? []).map((value) => value ?? 0);
  let level = 0;
  const bars = values.map((value, index) => {
    const isLevel = index === 0 || index === values.length - 1;
    const from = isLevel ? 0 : level;
    level = isLevel ? value : level + value;
    const colour = isLevel ? colours.series[0] : value < 0 ? colours.bad : colours.good;
    return { low: Math.min(from, level), high: Math.max(from, level), value, colour };
  });
  return [
    { type: "bar", stack: "bridge", silent: true, itemStyle: { color: "transparent" }, data: bars.map(({ low }) => low), tooltip: { show: false } },
    {
      type: "bar",
      stack: "bridge",
      name: data.series[0]?.name ?? "",
      barMaxWidth: 56,
      data: bars.map(({ low, high, colour }) => ({ value: high - low, itemStyle: { color: colour, borderRadius: 3 } })),
      label: {
        show: true,
        position: "top",
        color: colours.text,
        formatter: ({ dataIndex }: { dataIndex: number }) => withUnit(values[dataIndex] ?? 0, data.unit, true),
      },
    },
  ];
}

function donut(data: ChartData, colours: Colours): object {
  const values = data.series[0]?.values ?? [];
  return {
    tooltip: { ...tooltip(colours), trigger: "item", valueFormatter: (value: unknown) => withUnit(Number(value), data.unit, false) },
    legend: { ...legend(colours), type: "scroll", top: "auto", bottom: 0, left: "center" },
    series: [
      {
        type: "pie",
        name: data.series[0]?.name ?? "",
        radius: ["50%", "78%"],
        center: ["50%", "44%"],
        label: { show: false },
        itemStyle: { borderColor: colours.surface, borderWidth: 2 },
        data: data.labels.map((label, index) => ({
          name: label,
          value: values[index] ?? 0,
          itemStyle: { color: colours.tones[data.tones[index] ?? ""] ?? colours.series[index % colours.series.length] },
        })),
      },
    ],
  };
}

function zoom(data: ChartData, colours: Colours): object[] {
  const start = Math.max(0, 100 - (100 * SHOWN_AT_FIRST) / Math.max(data.labels.length, 1));
  return [
    { type: "inside", start, end: 100, zoomOnMouseWheel: "ctrl" },
    { type: "slider", start, end: 100, height: 24, bottom: 8, borderColor: colours.line, textStyle: { color: colours.muted } },
  ];
}
