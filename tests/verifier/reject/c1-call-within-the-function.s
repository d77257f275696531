# C1. A call to a unit that is no entry.
function f
bad:    call 1f
1:      ret
end f
