-- Store the costs that changed.
update ai_request_metrics as request
set cost_usd = repriced.cost, price_id = repriced.price_id, cost_source = repriced.cost_source
from repriced_requests as repriced
where request.created_at >= :start and request.created_at < :end
    and (request.id, request.created_at) = (repriced.id, repriced.created_at)
