delete from daily_metrics where date >= :first and date < :end
    and not (date = any(:kept_of_batches) and metric_type = any(:of_batches))
    and not (date = any(:kept_of_feedback) and metric_type = any(:of_feedback))
