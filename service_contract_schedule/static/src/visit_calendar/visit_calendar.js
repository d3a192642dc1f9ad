import { registry } from "@web/core/registry";
import { calendarView } from "@web/views/calendar/calendar_view";
import { CalendarModel } from "@web/views/calendar/calendar_model";

export class VisitCalendarModel extends CalendarModel {
    /**
     * A refused drop would stay on screen until the next load: Odoo's own calendar
     * doesn't take it back. Visits of the same trip move along, too.
     */
    async updateRecord(record, options = {}) {
        try {
            await super.updateRecord(record, options);
        } catch (error) {
            await this.load();
            throw error;
        }
    }
}

export const visitCalendarView = {
    ...calendarView,
    Model: VisitCalendarModel,
};

registry.category("views").add("service_visit_calendar", visitCalendarView);
