import { loadBundle } from "@web/core/assets";
import { deserializeDate } from "@web/core/l10n/dates";
import { _t } from "@web/core/l10n/translation";
import { registry } from "@web/core/registry";
import { useService } from "@web/core/utils/hooks";
import { standardActionServiceProps } from "@web/webclient/actions/action_service";
import { cookie } from "@web/core/browser/cookie";

import { Component, onMounted, onWillStart, onWillUnmount, useRef, useState } from "@odoo/owl";

const OUTCOMES = ["renewed", "open", "lost"];
const COLORS = { renewed: "#28a745", open: "#f0ad4e", lost: "#dc3545" };

/** What expires when, what is at risk, who must act today. */
export class RenewalDashboard extends Component {
    static template = "service_contract_renewal.Dashboard";
    static props = { ...standardActionServiceProps };

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        this.canvas = useRef("canvas");
        this.state = useState({ money: false, data: null });
        onWillStart(async () => {
            const [data] = await Promise.all([
                this.orm.call("service.contract", "get_renewal_dashboard", []),
                loadBundle("web.chartjs_lib"),
            ]);
            this.state.data = data;
        });
        onMounted(() => this.draw());
        onWillUnmount(() => this.chart?.destroy());
    }

    get data() {
        return this.state.data;
    }

    get labels() {
        return { renewed: _t("Renewed"), open: _t("Open"), lost: _t("Lapsed or declined") };
    }

    draw() {
        this.chart?.destroy();
        const index = this.state.money ? 1 : 0;
        const months = this.data.months;
        const text = cookie.get("color_scheme") === "dark" ? "#ddd" : "#444";
        // eslint-disable-next-line no-undef
        this.chart = new Chart(this.canvas.el, {
            type: "bar",
            data: {
                labels: months.map((month) =>
                    // in the calendar of the language: the year is that of the lists
                    deserializeDate(month.month).toLocaleString({
                        month: "short",
                        year: "2-digit",
                    })
                ),
                datasets: OUTCOMES.map((outcome) => ({
                    label: this.labels[outcome],
                    data: months.map((month) => month[outcome].figures[index]),
                    backgroundColor: COLORS[outcome],
                })),
            },
            options: {
                maintainAspectRatio: false,
                animation: false,
                plugins: { legend: { position: "bottom", labels: { color: text } } },
                scales: {
                    x: { stacked: true, ticks: { color: text } },
                    y: { stacked: true, beginAtZero: true, ticks: { precision: 0, color: text } },
                },
                onClick: (_event, elements) => {
                    if (elements.length) {
                        this.openMonth(months[elements[0].index], OUTCOMES[elements[0].datasetIndex]);
                    }
                },
            },
        });
    }

    toggleMoney(money) {
        this.state.money = money;
        this.draw();
    }

    openMonth(month, outcome) {
        const label = deserializeDate(month.month).toLocaleString({
            month: "long",
            year: "numeric",
        });
        this.open(`${label}: ${this.labels[outcome]}`, month[outcome].domain);
    }

    open(name, domain) {
        this.action.doAction({
            type: "ir.actions.act_window",
            name,
            res_model: "service.contract",
            domain,
            views: [
                [this.data.list_view_id, "list"],
                [false, "kanban"],
                [false, "form"],
                [false, "pivot"],
            ],
        });
    }

    openAction(xmlid) {
        this.action.doAction(`service_contract_renewal.${xmlid}`);
    }
}

registry.category("actions").add("service_renewal_dashboard", RenewalDashboard);
