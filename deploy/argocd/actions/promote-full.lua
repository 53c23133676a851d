-- Moves all pods to the update revision.
obj.spec.updateStrategy = obj.spec.updateStrategy or {}
obj.spec.updateStrategy.partition = 0
obj.spec.updateStrategy.paused = false
return obj
