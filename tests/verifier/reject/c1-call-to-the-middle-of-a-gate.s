# C1. A gate has one entry.
function f
bad:    call GATE+1
        ret
end f
