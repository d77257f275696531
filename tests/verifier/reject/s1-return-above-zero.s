# S1. A spill in the place of the return address.
function f
        pushq %rax
bad:    ret
end f
