select (created_at at time zone :zone)::date as date, 'annotations' as metric_type,
    count(*)::numeric as metric_value,
    jsonb_strip_nulls(jsonb_build_object('environment', environment, 'annotation_type',
        annotation_type)) as dimensions
from ai_admin_annotations where created_at >= :since and created_at < :until
group by grouping sets ((1, environment, annotation_type), (1, environment))
