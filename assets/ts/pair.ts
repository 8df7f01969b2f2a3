// <pair-chart data-rows='[{"label","current","draft"}]' data-current="Now" data-draft="Draft">: two bars a row, side by
// side, what holds and what a draft would make of it. Drawn with what chart.ts has registered.

import { Drawn } from "./drawn";

interface Row {
  label: string;
  current: number;
  draft: number;
}

const ROW = 44;
const FRAME = 72;
const LABEL = 22; // letters of a label; the whole of it is in the table beside

export class PairChart extends Drawn {
  override connectedCallback(): void {
    this.style.height = `${FRAME + ROW * this.#rows().length}px`;
    super.connectedCallback();
  }

  #rows(): Row[] {
    return JSON.parse(this.dataset["rows"] ?? "[]") as Row[];
  }

  protected options(): object {
    const rows = this.#rows();
    const short = this.short();
    const text = this.colour("--chart-text");
    const rule = this.colour("--chart-rule");
    const bars = (name: string, key: "current" | "draft", colour: string) => ({
      name,
      type: "bar" as const,
      data: rows.map((row) => row[key]),
      itemStyle: { color: colour, borderRadius: [0, 3, 3, 0] },
      barMaxWidth: 14,
    });
    return {
      grid: { left: 4, right: 16, top: 32, bottom: 4, outerBoundsMode: "same" },
      xAxis: {
        type: "value",
        axisLabel: { color: text, hideOverlap: true, formatter: (value: number) => short.format(value) },
        splitNumber: 4,
        splitLine: { lineStyle: { color: rule } },
      },
      yAxis: {
        type: "category",
        inverse: true,
        data: rows.map((row) => row.label),
        axisLabel: {
          color: text,
          formatter: (label: string) => (label.length > LABEL ? `${label.slice(0, LABEL - 1)}…` : label),
        },
        axisLine: { lineStyle: { color: rule } },
        axisTick: { show: false },
      },
      series: [
        bars(this.dataset["current"] ?? "", "current", this.colour("--chart-line")),
        bars(this.dataset["draft"] ?? "", "draft", this.colour("--chart-bar")),
      ],
    };
  }
}
