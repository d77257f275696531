# S2. rsp appears only in pushes, pops, calls, returns, constant adjustments and as a base.
function f
bad:    movq %rsp, %gs:(%eax)
        ret
end f
