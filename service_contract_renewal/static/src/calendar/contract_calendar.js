import { registry } from "@web/core/registry";
import { CalendarModel } from "@web/views/calendar/calendar_model";
import { calendarView } from "@web/views/calendar/calendar_view";

const DECIDED = ["renewed", "declined"];

/** Whose contract ends is seen at once. What is renewed or declined needs no work: it is left out unless somebody asks. */
export class ContractCalendarModel extends CalendarModel {
    normalizeRecord(rawRecord) {
        const record = super.normalizeRecord(rawRecord);
        const customer = rawRecord.partner_id?.display_name || rawRecord.partner_id?.[1];
        return customer ? { ...record, title: `${customer}, ${record.title}` } : record;
    }

    makeFilterDynamic(filterInfo, previousFilter, fieldName, rawFilter, rawColors) {
        const filter = super.makeFilterDynamic(...arguments);
        if (fieldName === "renewal_state" && !previousFilter && DECIDED.includes(filter.value)) {
            filter.active = false;
        }
        return filter;
    }
}

registry.category("views").add("service_contract_expiry_calendar", {
    ...calendarView,
    Model: ContractCalendarModel,
});
