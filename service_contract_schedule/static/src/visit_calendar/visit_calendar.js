import { browser } from "@web/core/browser/browser";
import { registry } from "@web/core/registry";
import { CalendarController } from "@web/views/calendar/calendar_controller";
import { CalendarModel } from "@web/views/calendar/calendar_model";
import { calendarView } from "@web/views/calendar/calendar_view";

const STORAGE_KEY = "service_visit_calendar_color";
const COLOR_FIELDS = ["user_id", "state_color"];

export class VisitCalendarModel extends CalendarModel {
    setup(params, services) {
        super.setup(params, services);
        const stored = browser.localStorage.getItem(STORAGE_KEY);
        this.setColorField(COLOR_FIELDS.includes(stored) ? stored : COLOR_FIELDS[0]);
    }

    get colorField() {
        return this.meta.fieldMapping.color;
    }

    setColorField(color) {
        this.meta.fieldMapping = { ...this.meta.fieldMapping, color };
    }

    /** Colour the visits by the other of technician and status, and remember it. */
    async toggleColorField() {
        const other = COLOR_FIELDS.find((name) => name !== this.colorField);
        this.setColorField(other);
        browser.localStorage.setItem(STORAGE_KEY, other);
        await this.load();
    }

    /** A click on a day of the month plans an hour, not the whole day. */
    getAllDayDates(start, end) {
        return [start.set({ hours: 9 }), start.set({ hours: 10 })];
    }

    /**
     * Odoo's own calendar leaves a refused drop on screen until the next load; here it
     * goes back at once, and the visits of the same trip come along.
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

export class VisitCalendarController extends CalendarController {
    static template = "service_contract_schedule.VisitCalendarController";

    get isColoredByStatus() {
        return this.model.colorField === "state_color";
    }
}

export const visitCalendarView = {
    ...calendarView,
    Controller: VisitCalendarController,
    Model: VisitCalendarModel,
};

registry.category("views").add("service_visit_calendar", visitCalendarView);
