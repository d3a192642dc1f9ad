-- a copy for trying out reminds nobody and suspends nobody
UPDATE res_company SET service_reminders_since = NULL;
UPDATE service_contract SET reminder_next_at = NULL, suspension_due_at = NULL;
