-- The last error of each code that a user met, of some errors, `failed`, and their `types`: when, and the number of its type.
select error_code, subject, max(array[at, number]) as last
from failed join types using (event_type) where subject is not null group by error_code, subject
