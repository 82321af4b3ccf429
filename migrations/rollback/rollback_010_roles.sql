DROP FUNCTION public.observability_maintain(text, text, integer, integer, integer);
ALTER FUNCTION public.observability_maintain_table(text, text, integer, integer, integer) RENAME TO observability_maintain;
ALTER FUNCTION public.observability_maintain(text, text, integer, integer, integer) RESET search_path;
GRANT EXECUTE ON FUNCTION public.observability_maintain(text, text, integer, integer, integer) TO PUBLIC;

ALTER FUNCTION runtime.maintain_inbox(integer, integer) SECURITY INVOKER;
ALTER FUNCTION runtime.maintain_inbox(integer, integer) RESET search_path;
GRANT EXECUTE ON FUNCTION runtime.maintain_inbox(integer, integer) TO PUBLIC;

DELETE FROM onex_migrations WHERE number = 10;
