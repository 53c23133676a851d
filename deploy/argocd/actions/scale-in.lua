-- Removes the named pods, and lowers the number of pods by as many. Names are separated by commas.
local scale = obj.spec.scaleStrategy or {}
local listed = {}
for _, name in ipairs(scale.podsToDelete or {}) do listed[name] = true end

local names = {}
for name in string.gmatch(actionParams ~= nil and actionParams["pods"] or "", "[^,%s]+") do
  if not listed[name] then
    listed[name] = true
    table.insert(names, name)
  end
end
if #names == 0 then error("pods: want one or more names of pods that are not listed yet, separated by commas") end

local replicas = obj.spec.replicas == nil and 1 or obj.spec.replicas
if #names > replicas then
  error(string.format("pods: %d names, but the CloneSet has only %d replicas", #names, replicas))
end
local all = {}
for _, name in ipairs(scale.podsToDelete or {}) do table.insert(all, name) end
for _, name in ipairs(names) do table.insert(all, name) end
scale.podsToDelete = all
obj.spec.scaleStrategy = scale
obj.spec.replicas = math.floor(replicas - #names)
return obj
