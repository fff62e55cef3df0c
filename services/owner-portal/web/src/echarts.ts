// The parts of ECharts that the portal uses; whatever is not named here is not sent to the browser.
import { BarChart, LineChart, PieChart } from "echarts/charts";
import { AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use, type ECharts } from "echarts/core";
import { CanvasRenderer, SVGRenderer } from "echarts/renderers";

use([
  BarChart, LineChart, PieChart, AriaComponent, DataZoomComponent, GridComponent, LegendComponent, TooltipComponent,
  CanvasRenderer, SVGRenderer,
]);

export const echarts = { init };
export type Chart = ECharts;
