-- Subjects of environments apart from those of releases, which are two of three; ten million rows take two minutes.
alter table subjects rename to former_subjects;
create table subjects (
    subject text not null,
    environment text not null,
    app text not null,
    of_release boolean not null,
    marks bigint[] not null,
    is_cut boolean not null,
    reached_1 timestamptz,
    reached_2 timestamptz,
    reached_3 timestamptz,
    reached_4 timestamptz,
    reached_5 timestamptz,
    reached_6 timestamptz,
    reached_7 timestamptz,
    reached_8 timestamptz,
    is_unsure boolean not null default false,
    is_whole boolean not null default true,
    sample smallint not null generated always as ((hashtext(subject) & 1023)::smallint) stored
) partition by list (of_release);
create table subjects_of_environments partition of subjects for values in (false) with (fillfactor = 70);
create table subjects_of_releases partition of subjects for values in (true) with (fillfactor = 70);

insert into subjects (subject, environment, app, of_release, marks, is_cut, reached_1, reached_2,
    reached_3, reached_4, reached_5, reached_6, reached_7, reached_8, is_unsure, is_whole)
select subject, environment, app, is_release_place(environment), marks, is_cut, reached_1, reached_2,
    reached_3, reached_4, reached_5, reached_6, reached_7, reached_8, is_unsure, is_whole
from former_subjects;
drop table former_subjects;

alter table subjects add constraint pk_subjects primary key (subject, environment, app, of_release);
create unique index ix_subjects_whole on subjects (subject, environment, of_release) where is_whole;
-- Ingest knows a violation by these names
alter index subjects_of_environments_subject_environment_of_release_idx
    rename to ix_subjects_of_environments_whole;
alter index subjects_of_releases_subject_environment_of_release_idx
    rename to ix_subjects_of_releases_whole;
create index ix_subjects_reached on subjects (environment, app, reached_1)
    include (reached_2, reached_3, reached_4, reached_5, reached_6, reached_7, reached_8, sample,
        of_release, subject)
    where not is_unsure and is_whole;
create index ix_subjects_reached_apart on subjects (environment, app, reached_1)
    include (reached_2, reached_3, reached_4, reached_5, reached_6, reached_7, reached_8, sample,
        of_release, subject)
    where not is_unsure and not is_whole;
create index ix_subjects_anonymous on subjects (environment, app, reached_1, subject)
    include (of_release) where subject like 's:%';
create index ix_subjects_sample on subjects (environment, app, sample) where sample < 16;
create index ix_subjects_unsure on subjects (environment) where is_unsure;
create index ix_subjects_cut on subjects (environment) where is_cut;
analyze subjects;
