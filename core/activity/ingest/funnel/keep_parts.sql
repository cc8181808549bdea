-- Add what is new, `parts`, to the parts that are known. One that holds all of it already stays as it is, unlocked: until the commit
-- it only grows, because an undo waits for this transaction.
insert into funnel_parts as present (environment, app, part, linked_at, linked_to, owner, marks,
    is_cut)
select environment, app, part, linked_at, linked_to, coalesce(linked_to, part),
    -- Of each type the earliest and the latest sixteen stay, so a list of up to 32 marks keeps all.
    case when cardinality(marks) <= 32 then marks else marks_kept(marks) end,
    cardinality(marks) > 32 and marks_cut('{}', marks)
from parts
where not coalesce((
    select known.marks @> parts.marks and (known.is_cut or cardinality(parts.marks) <= 32)
        and (parts.linked_at is null or (known.linked_at, known.linked_to) <= (parts.linked_at,
            parts.linked_to))
    from funnel_parts as known where (known.part, known.environment, known.app) = (parts.part,
        parts.environment, parts.app)
), false)
-- In one order for all: batches at the same time have parts in common, and would else deadlock.
order by part, environment, app
on conflict (environment, app, part) do update set
    former_owner = case when is_earlier_link(excluded.linked_at, excluded.linked_to,
        present.linked_at, present.linked_to)
        and excluded.linked_to <> present.owner then present.owner end,
    linked_at = case when is_earlier_link(excluded.linked_at, excluded.linked_to, present.linked_at,
        present.linked_to)
        then excluded.linked_at else present.linked_at end,
    linked_to = case when is_earlier_link(excluded.linked_at, excluded.linked_to, present.linked_at,
        present.linked_to)
        then excluded.linked_to else present.linked_to end,
    owner = case when is_earlier_link(excluded.linked_at, excluded.linked_to, present.linked_at,
        present.linked_to)
        then excluded.linked_to else present.owner end,
    marks = marks_merged(present.marks, excluded.marks),
    is_cut = present.is_cut or excluded.is_cut
        or cardinality(present.marks) + cardinality(excluded.marks) > 32
            and marks_cut(present.marks, excluded.marks)
where is_earlier_link(excluded.linked_at, excluded.linked_to, present.linked_at, present.linked_to)
    or not present.marks @> excluded.marks or excluded.is_cut and not present.is_cut
returning environment, app, part, owner, former_owner, marks, is_cut
