"""Check what scores keep of the AI requests that they are about."""

from sqlalchemy import text
from sqlalchemy.orm import Session

from core.database.settings import Sealed
from core.system.service.verification.compare import EXAMPLES, CheckedTable

# Raw rows may be deleted before scores: what was noted of them stays.
WRONG = text("""
with request as (
    select id as subject, prompt_title(prompt_name, prompt_version, prompt_label) as version,
        arm_title(experiment_key, experiment_arm) as arm from public.ai_request_metrics
    union all
    select message_id, prompt_title(prompt_name, prompt_version, prompt_label),
        arm_title(experiment_key, experiment_arm)
    from public.ai_request_metrics where message_id is not null
),
computed as materialized (
    select subject,
        coalesce(array_agg(distinct version) filter (where version is not null), '{}') as versions,
        coalesce(array_agg(distinct arm) filter (where arm is not null), '{}') as arms
    from request
    where subject = any(array(select subject_id from public.message_scores))
    group by subject
),
compared as (
    select id, (request_versions, request_arms) as stored, (versions, arms) as computed
    from public.message_scores left join computed on subject = subject_id
    where subject_kind <> 'conversation' and requests_due_at is null
        and (subject is not null or (request_versions is not null and not :is_sealed))
)
select (select count(*) from compared) as rows,
    count(*) filter (where stored is distinct from computed) as differences,
    array(select format('%s: stored %s, computed %s', id, stored, computed) from compared
        where stored is distinct from computed order by id limit :most) as examples
from compared""")


def check_scores(session: Session, sealed: Sealed) -> CheckedTable:
    """Check the prompt versions and arms of all scores that are not due."""
    given = {"is_sealed": sealed.ai_request_metrics is not None, "most": EXAMPLES}
    row = session.execute(WRONG, given).one()
    return CheckedTable("message_scores", row.rows, row.differences, row.examples)
