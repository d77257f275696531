# M7. An absolute code pointer.
function f
bad:    callq *FT
        ret
end f
