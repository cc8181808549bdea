"""What fields are called elsewhere, the surest names first. Names are compared in lower case, with `_` between their words."""

import re
import unicodedata
from functools import lru_cache

from core.imports.parsed import RowKind
from core.imports.recognition import foreign
from core.imports.recognition.foreign import words

WORDS = re.compile(r"[^0-9a-z]+")
LETTERS = str.maketrans({"µ": "u", "μ": "u", "ß": "ss", "ø": "o", "Ø": "O", "æ": "ae", "œ": "oe", "ł": "l"})
HUMPS = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")


@lru_cache(maxsize=10_000)
def plain(name: str) -> str:
    """Return a name as it is compared: `ContextTokens`, `context.tokens` and `Context Tokens` are one, `Länge` is `lange`."""
    if not name.isascii():
        # First of all: a Greek letter would be lost, and microseconds become seconds.
        parts = unicodedata.normalize("NFKD", name.translate(LETTERS))
        name = "".join(each for each in parts if not unicodedata.combining(each))
    return WORDS.sub("_", HUMPS.sub("_", name).lower()).strip("_")


TIME = words(
    "created_at timestamp event_timestamp event_time occurred_at start_time started_at request_time "
    "query_time record_time time ts datetime date_time created created_time create_time logged_at sent_at "
    "received_at tstamp date at start event_date start_timestamp time_stamp timestamp_utc timestamp_ms "
    "ts_ms epoch epoch_ms unix_time time_created inserted_at arrival_time arrived_at"
)
USER = words(
    "user_id user userid uid customer_id customer end_user end_user_id account_id member_id distinct_id "
    "visitor_id client_id username user_name login subscriber_id profile_id person_id author_id"
)
SESSION = words("session_id session sessionid visit_id session_key sid session_uuid device_session_id")
CONVERSATION = words(
    "conversation_id convo_id conversation thread_id chat_id dialogue_id dialog_id conversation_hash "
    "conversation_uuid chat_session_id message_tree_id session_id session sessionid trace_id"
)
PLACE = {
    "environment": words("environment env deployment_environment stage"),
    "app": words("app application service service_name app_name project product"),
    "release": words("release app_version version service_version build"),
}
ID = words("id uuid guid")

ENGLISH: dict[RowKind, dict[str, tuple[str, ...]]] = {
    RowKind.AI_REQUESTS: {
        "id": words("id request_id req_id call_id generation_id completion_id span_id uuid"),
        "created_at": TIME,
        "model": words(
            "model model_name model_id llm_model modelname response_model request_model provided_model_name "
            "gen_ai_response_model gen_ai_request_model deployment deployment_name engine llm llm_model_name"
        ),
        "provider": words(
            "provider vendor llm_provider model_provider gen_ai_system gen_ai_provider_name llm_system api_provider"
        ),
        "operation": words("operation endpoint request_type call_type operation_name task route"),
        "conversation_id": CONVERSATION,
        "message_id": words("message_id msg_id"),
        "user_id": USER,
        "input_tokens": words(
            "input_tokens prompt_tokens context_tokens request_tokens in_tokens tokens_in input_token_count "
            "prompt_token_count num_input_tokens num_prompt_tokens n_prompt_tokens usage_input usage_prompt_tokens "
            "usage_input_tokens input_usage "
            "tokens_prompt tokens_input inputtokens prompttokens"
        ),
        "output_tokens": words(
            "output_tokens completion_tokens generated_tokens response_tokens out_tokens tokens_out "
            "output_token_count completion_token_count num_output_tokens num_completion_tokens "
            "n_completion_tokens generation_tokens usage_output "
            "usage_completion_tokens usage_output_tokens output_usage tokens_completion tokens_output "
            "outputtokens completiontokens"
        ),
        "cached_tokens": words(
            "cached_tokens cache_read_tokens cache_read_input_tokens cached_input_tokens prompt_cached_tokens "
            "input_cached_tokens prompt_tokens_details_cached_tokens"
        ),
        "cache_write_tokens": words("cache_write_tokens cache_creation_input_tokens cache_creation_tokens"),
        "reasoning_tokens": words(
            "reasoning_tokens thinking_tokens output_reasoning_tokens completion_tokens_details_reasoning_tokens"
        ),
        "total_tokens": words(
            "total_tokens tokens token_count num_tokens usage_total_tokens tokens_total total_usage totaltokens"
        ),
        "first_token_ms": words(
            "first_token_ms ttft ttft_ms ttft_s time_to_first_token time_to_first_token_ms first_token_latency "
            "first_token_latency_ms first_token_time first_chunk_time first_chunk_ms time_to_first_chunk "
            "timetofirsttoken ttfb first_token first_token_s"
        ),
        "total_latency_ms": words(
            "total_latency_ms latency_ms latency duration_ms duration response_time_ms response_time elapsed_ms "
            "elapsed elapsed_time total_latency total_time_ms total_time total_chunk_time e2e_latency "
            "e2e_latency_ms request_latency latency_s latency_seconds latency_sec duration_s duration_seconds "
            "duration_sec elapsed_s elapsed_seconds time_taken took took_ms execution_time execution_time_ms "
            "processing_time processing_time_ms generation_time request_duration request_duration_ms wall_time "
            "inference_time inference_time_ms runtime_ms latency_us latency_ns duration_us duration_ns "
            "response_latency total_duration request_latency_ms response_ms response_time_s completion_time "
            "response_seconds"
        ),
        "status": words(
            "status state outcome request_status result_status response_status status_code http_status success ok is_error failed"
        ),
        "error_type": words("error_type error_code exception_type error_class err_code failure_reason error_kind error_name"),
        "error_message": words(
            "error_message error exception exception_message error_msg err error_text error_detail status_message"
        ),
        "finish_reason": words("finish_reason stop_reason finish_reasons finishreason completion_reason"),
        "cost_usd": words(
            "cost_usd cost total_cost price usd total_cost_usd request_cost cost_in_usd cost_dollars spend "
            "amount_usd calculated_total_cost cost_cents price_usd response_cost estimated_cost"
        ),
        "tool_calls": words("tool_calls tools_used"),
        "steps": words("steps"),
        "experiment_arm": words("experiment_arm arm variant"),
        **PLACE,
    },
    RowKind.EVENTS: {
        "id": words("id event_id uuid insert_id message_id"),
        "created_at": TIME,
        "event_type": words(
            "event_type event event_name eventname event_key type action action_name activity activity_type name verb"
        ),
        "event_category": words("event_category category"),
        "user_id": USER,
        "session_id": SESSION,
        "error_code": words("error_code err_code error_type"),
        "error_message": words("error_message error_msg error exception"),
        "ip_address": words("ip_address ip client_ip remote_addr remote_ip ip_addr"),
        "user_agent": words("user_agent useragent ua browser"),
        "event_data": words("event_data properties payload data params attributes props metadata context details"),
        **PLACE,
    },
    RowKind.FEEDBACK: {
        "id": words("id feedback_id rating_id review_id"),
        "created_at": TIME,
        "rating": words(
            "rating stars score thumbs thumb vote csat satisfaction feedback liked user_rating is_positive "
            "sentiment value helpful"
        ),
        "message_id": words("message_id msg_id response_id answer_id"),
        "conversation_id": CONVERSATION,
        "user_id": USER,
        "comment": words(
            "comment comments feedback_text feedback_comment review reason note notes text message verbatim user_feedback"
        ),
        "edited_text": words("edited_text correction corrected_text suggested_response"),
        "environment": PLACE["environment"],
        "app": PLACE["app"],
    },
    RowKind.BATCH_RUNS: {
        "batch_run_id": words(
            "batch_run_id run_id id job_run_id execution_id database_id dag_run_id build_id pipeline_id uuid build_number"
        ),
        "batch_job": words(
            "batch_job job_name job workflow_name workflow pipeline pipeline_name dag_id dag task task_name "
            "batch_name name job_id"
        ),
        "started_at": words(
            "started_at run_started_at start_time start startedat started start_date begin_time began_at created_at queued_at"
        ),
        "completed_at": words(
            "completed_at finished_at ended_at end_time end endedat finished completed stop_time end_date stopped_at"
        ),
        "updated_at": words("updated_at last_updated modified_at"),
        "status": words("status conclusion state result outcome run_status final_status exit_code success"),
        "triggered_by": words("triggered_by trigger actor triggered event head_branch run_type started_by user owner"),
        "total_jobs": words(
            "total_jobs total total_items items_total records_total total_records rows_total num_jobs n_total task_count"
        ),
        "completed_jobs": words(
            "completed_jobs processed succeeded success_count completed_items items_processed records_processed "
            "rows_processed ok_count"
        ),
        "failed_jobs": words(
            "failed_jobs failed_count failures error_count failed_items records_failed rows_failed errors failed"
        ),
        "phase_durations": words("phase_durations phases stage_durations durations steps"),
        "error_summary": words("error_summary error_message error failure_reason message exception last_error"),
        "environment": PLACE["environment"],
        "app": words("app application service project repo repository"),
    },
    RowKind.DOCUMENTS: {
        "id": words("id document_id doc_id article_id slug key uuid page_id"),
        "created_at": words("created_at published_at created publish_date"),
        "updated_at": words("updated_at last_modified modified_at updated last_updated timestamp date"),
        "title": words("title name heading subject question headline act document_title page_title"),
        "content": words("content body text article markdown answer html document passage chunk page_content description"),
        "scope": words("scope category section collection topic department"),
        "tags": words("tags labels keywords"),
        "source": words("source url link href path file filename origin uri"),
        "status": words("status state visibility"),
        "metadata": words("metadata meta"),
    },
    RowKind.MEMORIES: {
        "id": words("id memory_id uuid"),
        "created_at": TIME,
        "updated_at": words("updated_at last_modified modified_at"),
        "user_id": USER,
        "content": words("memory content fact preference text value statement"),
        "kind": words("kind memory_type type category"),
        "scope": words("scope namespace topic"),
        "confidence": words("confidence score probability certainty"),
        "conversation_id": CONVERSATION,
        "source_message_id": words("source_message_id message_id"),
        "metadata": words("metadata meta"),
    },
    RowKind.USERS: {
        "id": words("id user_id userid uid customer_id account_id member_id distinct_id username login"),
        "created_at": words(
            "created_at signup_at signed_up_at registered_at joined_at signup_date registration_date created date_joined joined"
        ),
        "updated_at": words("updated_at last_modified modified_at last_seen_at last_seen last_login"),
        "email": words("email email_address e_mail mail user_email"),
        "display_name": words("display_name full_name name fullname user_name username nickname"),
        "traits": words("traits properties attributes"),
    },
    RowKind.CONVERSATIONS: {
        "id": (*CONVERSATION[:10], "id", "uuid", "session_id", "task_id", "trial_id", "key", "_key", "dialogue_idx"),
        "created_at": TIME,
        "updated_at": words("updated_at last_message_at update_time ended_at end_time"),
        "user_id": USER,
        "session_type": words("session_type channel"),
        "title": words("title subject topic conversation_title name"),
        "status": words("status state"),
        "context": words("context metadata"),
        **PLACE,
    },
}
NAMES = {
    kind: {field: (*known, *words(foreign.NAMES.get(field, ""))) for field, known in fields.items()}
    for kind, fields in ENGLISH.items()
}
MEMORY_WORDS = frozenset(words("memory memory_type fact preference memories"))
RATING_WORDS = frozenset(
    words("rating stars thumbs thumb vote csat satisfaction feedback liked user_rating is_positive score helpful")
) | frozenset(words(foreign.NAMES["rating"]))
EVENT_WORDS = frozenset(
    words("event_type event event_name eventname event_key action action_name activity activity_type verb")
) | frozenset(words(foreign.NAMES["event_type"]))
ROLES = words(
    "role speaker from author sender participant who speaker_role message_role turn_role from_ "
    "author_role sender_type name actor type"
) + words(foreign.ROLES)
TEXTS = words("content text value utterance message body transcript msg sentence message_text utt dialogue_text query") + words(
    foreign.TEXTS
)
TURNS = words(
    "messages conversations conversation turns utterances dialogue dialog dialogs log chat transcript "
    "history original traj trajectory thread conversation_a items steps chat_history messages_display "
    "data qa exchanges delexed rounds events"
)
ASKED = words(
    "question prompt user_message query user_input input user_query user_prompt request message "
    "user_question user_text asked customer_message"
) + words(foreign.ASKED)
ANSWERED = words(
    "answer response completion output assistant_message bot_response reply ai_response assistant "
    "assistant_response model_response answer_text bot_message output_content agent_response "
    "generated_text"
) + words(foreign.ANSWERED)
