import {Component, onMounted, useState} from "@odoo/owl";
import {_t} from "@web/core/l10n/translation";
import {registry} from "@web/core/registry";
import {standardActionServiceProps} from "@web/webclient/actions/action_service";
import {useService} from "@web/core/utils/hooks";

const PORTION = 20;

/** Issues invoices portion by portion, and shows how far it is and what failed. */
export class IssueInvoices extends Component {
    static template = "service_contract_renewal.IssueInvoices";
    static props = {...standardActionServiceProps};

    setup() {
        this.orm = useService("orm");
        this.action = useService("action");
        const {wizard_id, line_ids, post} = this.props.action.params;
        this.wizard = wizard_id;
        this.lines = line_ids;
        this.post = post;
        this.state = useState({tried: 0, made: 0, failed: [], stopped: false});
        onMounted(() => this.issue());
    }

    get total() {
        return this.lines.length;
    }

    get percent() {
        return Math.round((100 * this.state.tried) / this.total);
    }

    get progress() {
        return _t("%(tried)s of %(total)s contracts, %(made)s invoices made.", {
            tried: this.state.tried,
            total: this.total,
            made: this.state.made,
        });
    }

    get finished() {
        return this.state.stopped || this.state.tried >= this.total;
    }

    async issue() {
        for (let from = 0; from < this.total; from += PORTION) {
            if (this.state.stopped) {
                return;
            }
            const portion = this.lines.slice(from, from + PORTION);
            const {done, failed} = await this.orm.call(
                "service.renewal.issue",
                "action_issue_portion",
                [[this.wizard], portion, this.post]
            );
            this.state.made += done.length;
            this.state.failed.push(...failed);
            this.state.tried += portion.length;
        }
    }

    stop() {
        this.state.stopped = true;
    }

    async open() {
        const action = await this.orm.call(
            "service.renewal.issue",
            "action_view_moves",
            [[this.wizard]]
        );
        await this.action.doAction(action, {clearBreadcrumbs: false});
    }
}

registry.category("actions").add("service_contract_renewal.issue", IssueInvoices);
