# M4. What compilers emit for an atomic bit.
function f
bad:    lock btsl %ecx, %gs:(%eax)
        ret
end f
