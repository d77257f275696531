# S2. rsp appears only in pushes, pops, calls, returns, constant adjustments and as a base.
function f
bad:    leaq 8(%rax), %rsp
        ret
end f
