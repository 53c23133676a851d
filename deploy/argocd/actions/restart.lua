-- Replaces every pod, as fast as the update strategy lets it. An annotation alone would be patched in place, without a
-- restart; so it is an environment variable, the one that kubectl-kruise sets, too.
local now = os.date("!%Y-%m-%dT%H:%M:%SZ")
for _, container in ipairs(obj.spec.template.spec.containers) do
  local env = {}
  for _, one in ipairs(container.env or {}) do
    if one.name ~= "RESTARTED_AT" then table.insert(env, one) end
  end
  table.insert(env, { name = "RESTARTED_AT", value = now })
  container.env = env
end
return obj
