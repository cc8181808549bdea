-- Forget apps that have no subject left.
delete from event_apps where not exists (select from subjects
    where (subjects.environment, subjects.app) = (event_apps.environment, event_apps.app))
