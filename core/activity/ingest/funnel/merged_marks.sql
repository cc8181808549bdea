-- What a subject holds together with what is new, in the place where both are known: "on conflict do update".
select marks_merged(subjects.marks, excluded.marks) as marks, subjects.is_cut or excluded.is_cut
    or cardinality(subjects.marks) + cardinality(excluded.marks) > 32
        and marks_cut(subjects.marks, excluded.marks) as is_cut
-- The offset keeps this apart, or the marks would be merged anew at each use.
offset 0
