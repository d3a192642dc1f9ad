import {registry} from "@web/core/registry";

// Begins on the form of a posted invoice that has no contract yet.
registry.category("web_tour.tours").add("service_contract_from_invoice", {
    steps: () => [
        {
            content: "On a phone the button is behind the three dots",
            isActive: ["mobile"],
            trigger: ".o_statusbar_buttons .dropdown-toggle",
            run: "click",
        },
        {
            content: "Ask for a contract",
            trigger: "button[name=action_create_service_contract]",
            run: "click",
        },
        {
            content: "The machines of the invoice are shown before anything is made",
            trigger: ".modal .o_field_x2many:contains(Sewing machine)",
        },
        {
            content: "Make it",
            trigger: ".modal button[name=action_create]",
            run: "click",
        },
        {
            content: "The contract covers the machine; put it in force",
            trigger: "button[name=action_activate]",
            run: "click",
        },
        {
            content: "It has a Service ID now",
            trigger: ".o_service_code:contains(/[0-9]{4} [0-9]{4}/)",
        },
        {
            content: "It can be sent",
            trigger: "button[name=action_send]",
        },
    ],
});
