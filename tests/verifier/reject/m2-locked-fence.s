# M2. What compilers emit for a fence: at height 0, (%rsp) is the return address.
function f
bad:    lock orl $0, (%rsp)
        ret
end f
