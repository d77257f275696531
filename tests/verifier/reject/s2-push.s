# S2. rsp appears only in pushes, pops, calls, returns, constant adjustments and as a base.
function f
bad:    pushq %rsp
        popq %rax
        ret
end f
