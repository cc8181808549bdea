-- Users by error code, and how many of them then did what had failed: the marks say it, where funnels know the type (of each type the
-- latest are kept, and the one whole row has those of all apps), else `later_in_raw_rows`.
select error_code, count(*) * :samples / :most as users, count(*) filter (where case
    when bases is not null then exists (
        select from subjects where is_whole and subjects.subject = latest.subject
            and subjects.environment = :environment
            and of_release = is_release_place(:environment) and (
            mark_after(marks, bases[1], last[1] + 1) < :never
                or mark_after(marks, bases[2], last[1] + 1) < :never))
    else (error_code, subject) in (select error_code, subject from later_in_raw_rows)
    end) * :samples / :most as later_successes
from latest join types on number = last[2] group by error_code
