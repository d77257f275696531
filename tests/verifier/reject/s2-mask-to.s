# S2. rsp appears only in pushes, pops, calls, returns, constant adjustments and as a base.
function f
bad:    kmovq %k1, %rsp
        ret
end f
